"""Studies: experiments on worlds of which everything is known, kept cell by cell, told as a figure and a page."""
