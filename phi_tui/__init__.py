"""The full-screen app: reads run directories, asks workers, owns no logic."""
