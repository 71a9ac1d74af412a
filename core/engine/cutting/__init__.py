"""A cutover as jobs: gates gathered, states driven, deadlines held, an interrupted one taken up."""
