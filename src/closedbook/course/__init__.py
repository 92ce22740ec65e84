"""The course's files and programs: its parameter files, its commands, and a student's own code held to its handout."""
