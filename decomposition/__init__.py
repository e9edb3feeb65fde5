"""Solution methods: extensive form, progressive hedging, and the exact evaluation of plans."""
