"""Networks as scikit-learn's estimators: for its pipelines, searches and cross-validation.

from nn.sklearn import MLPClassifier

model = make_pipeline(StandardScaler(), MLPClassifier((100,), random_state=0))
cross_val_score(model, x, y)

Imported by itself, as it needs scikit-learn, 1.6 or newer: `import nn` leaves both alone.
"""

try:
    from sklearn.utils.validation import validate_data as _since_1_6  # noqa: F401
except ImportError as error:
    raise ImportError(
        "nn.sklearn needs scikit-learn, 1.6 or newer: pip install 'autodiff-tape[datasets]'"
    ) from error

from nn.sklearn._classifier import MLPClassifier
from nn.sklearn._regressor import MLPRegressor
from nn.sklearn._wrappers import Classifier, Regressor

__all__ = ["Classifier", "MLPClassifier", "MLPRegressor", "Regressor"]
