"""Training recipes: every one is `accelerate launch -m train.X recipe.yaml`."""
