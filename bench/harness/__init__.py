"""The parts of `bench/compare` and `bench/check-baseline`. Standard library only."""
