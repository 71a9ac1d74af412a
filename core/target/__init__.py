"""Where objects go: bundle sinks, cluster control, the object table and the profile that shapes it."""
