"""What an engine watches once clients write to green: gates, alarms, the return by itself."""
