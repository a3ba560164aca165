"""What a person does with their inbox: changed, and shown at once wherever they look."""
