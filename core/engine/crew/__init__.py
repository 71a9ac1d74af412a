"""The worker processes as the coordinator has them: forked, fed, heard, replaced, held to rules."""
