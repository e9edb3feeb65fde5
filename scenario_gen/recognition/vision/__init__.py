"""Training on images (extra ``vision``: torch and pillow): the risk functional as a loss, backbones, training, and images by folder."""
