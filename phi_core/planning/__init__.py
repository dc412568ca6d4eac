"""What a run would do, before anything heavy loads. The trainer executes the same objects."""
