"""What `clarion doctor` looks at, a file for each area. A check answers with findings; it raises for bugs only."""
