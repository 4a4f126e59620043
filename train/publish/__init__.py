"""Model, dataset and Space as repositories of the Hugging Face hub: `python -m train.publish model|dataset|space`.

Each is assembled in a folder, proved by loading it as a stranger would (a fresh process, offline, nothing of ours
installed), and uploaded as one commit with a tag.
"""


class PublishError(ValueError):
    """What must not be published, or could not be; the message is one line that names it and the remedy."""
