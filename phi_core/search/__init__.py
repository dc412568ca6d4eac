"""Search: settings are tried by real runs, and a winner is named only if repeated runs bear it out."""
