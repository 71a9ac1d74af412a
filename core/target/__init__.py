"""Where objects go: bundle sinks, cluster control, the object table, the profile that shapes it."""
