"""The course: its parameter files, its commands, and checks of students' code against the handout."""
