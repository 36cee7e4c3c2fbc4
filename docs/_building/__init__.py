"""What makes the site beside Sphinx: reference pages, tables, pictures and notebooks."""
