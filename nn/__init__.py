"""Layers, losses, metrics and models on top of autodiff."""
