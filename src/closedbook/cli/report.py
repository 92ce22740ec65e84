def report() -> None: """x"""
