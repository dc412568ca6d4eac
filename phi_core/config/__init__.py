"""What can be set: declared once, read by flags, YAML files, forms and documentation."""
