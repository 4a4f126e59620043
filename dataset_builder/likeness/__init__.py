"""How alike two drawings or two texts are: fingerprints of bits, and the pairs that are near in them."""
