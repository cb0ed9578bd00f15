"""Files that are passed on: a spreadsheet, slides, a PDF."""
