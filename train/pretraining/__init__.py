"""The parts of PatentMME's pre-training: figures, labels of patches, masking, losses, curves and pictures."""
