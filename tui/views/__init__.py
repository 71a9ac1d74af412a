"""Every screen as a pure function from facts to lines; knows no Textual and no clock."""
