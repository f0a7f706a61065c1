"""What is written down and read back: versions, journal, lineage, predictions."""
