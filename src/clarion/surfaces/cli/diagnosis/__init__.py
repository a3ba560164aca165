"""What `clarion doctor` looks at, a file for each area. Every check answers with findings and raises nothing expected."""
