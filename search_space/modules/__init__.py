"""The torch modules of every network. They import torch only: their very source text is what is exported."""
