"""What proves to an auditor who could reach what: terms of lines, the chain, its verification, the export."""
