"""What pages say of their cells' runs, one module a page."""
