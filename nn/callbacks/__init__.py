"""Callbacks: what `fit` tells of its epochs and batches."""

from nn.callbacks._list import CallbackList
from nn.callbacks.backup import BackupAndRestore
from nn.callbacks.callback import Callback
from nn.callbacks.csv_logger import CSVLogger
from nn.callbacks.early_stopping import EarlyStopping
from nn.callbacks.history import History
from nn.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from nn.callbacks.model_checkpoint import ModelCheckpoint
from nn.callbacks.progress import ProgbarLogger
from nn.callbacks.small import LambdaCallback, TerminateOnNaN
from nn.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TensorBoard",
    "TerminateOnNaN",
]
