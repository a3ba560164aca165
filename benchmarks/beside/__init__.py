"""What the designs that Clarion is compared with share."""
