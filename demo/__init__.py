"""What generates the embedded demo: songs, choreography and rendered dancers."""
