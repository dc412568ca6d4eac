"""Messages, prompt formats, and the Engine interface that every model answers through."""
