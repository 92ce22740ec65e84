"""Students' files, written for the tests: right ones of each edition in several styles, and mistakes put into them."""
