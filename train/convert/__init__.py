"""The authors' checkpoints into our format: `python -m train.convert`; `train/README.md` shows the commands."""
