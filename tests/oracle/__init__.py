"""Random set-ups through a real kernel in an emulator and through the simulator."""
