"""Execute the pipelines of a project as its vendor would, without the vendor."""
