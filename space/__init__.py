"""PatentLMM as a page: figures in, descriptions to look at, to correct and to file."""
