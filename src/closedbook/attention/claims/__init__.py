"""One file per claim, or per few that share their algebra; `closedbook.attention.CLAIMS` lists them."""
