"""What keeps two writers of one server apart."""
