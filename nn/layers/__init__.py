"""Layers: functions of Tensors with parameters of their own."""

from nn.layers._layer import Layer
from nn.layers.activation import Activation
from nn.layers.dense import Dense
from nn.layers.flatten import Flatten
from nn.layers.input import Input

__all__ = ["Activation", "Dense", "Flatten", "Input", "Layer"]
