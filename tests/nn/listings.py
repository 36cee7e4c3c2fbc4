"""The lectures' recipe as it is written for Keras: listings, and the edits that make them ours."""

from __future__ import annotations

#: what is changed in a listing: where things are imported from, and names that Keras 3 changed
EDITS = {
    "from keras.datasets import mnist": "from data import mnist",
    "from keras.utils import to_categorical": "from data import to_categorical",
    "from keras.optimizers import": "from optim import",
    "from keras.models import": "from nn.models import",
    "from keras.layers import": "from nn.layers import",
    "from keras.callbacks import": "from nn.callbacks import",
    "from keras import optimizers": "import optim as optimizers",
    "from keras import": "from nn import",
    "(lr=": "(learning_rate=",
}


def edited(listing: str) -> str:
    """The listing with nothing but EDITS made."""
    for old, new in EDITS.items():
        listing = listing.replace(old, new)
    return listing


SIXTEEN = """
from keras.datasets import mnist
from keras import models, layers

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0

model = models.Sequential()
model.add(layers.Flatten(input_shape=(28, 28)))
model.add(layers.Dense(16, activation='relu'))
model.add(layers.Dense(16, activation='relu'))
model.add(layers.Dense(10, activation='softmax'))
model.summary()

model.compile(optimizer='sgd',
              loss='sparse_categorical_crossentropy',
              metrics=['accuracy'])
history = model.fit(x_train, y_train, epochs=EPOCHS, batch_size=10)

test_loss, test_accuracy = model.evaluate(x_test, y_test)
probabilities = model.predict(x_test[:10])
"""

LOGITS = """
from keras.datasets import mnist
from keras.layers import Dense, Flatten
from keras.models import Sequential
from keras import losses

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0

model = Sequential([
    Flatten(input_shape=(28, 28)),
    Dense(128, activation='relu'),
    Dense(10)
])
model.compile(optimizer='adam',
              loss=losses.SparseCategoricalCrossentropy(from_logits=True),
              metrics=['accuracy'])
history = model.fit(x_train, y_train, epochs=EPOCHS)
test_loss, test_accuracy = model.evaluate(x_test, y_test, verbose=2)

from keras.layers import Activation
probability_model = Sequential([model, Activation('softmax')])
probabilities = probability_model.predict(x_test[:10])
"""

ONE_HOT = """
from keras.datasets import mnist
from keras.utils import to_categorical
from keras.models import Sequential
from keras.layers import Dense
from keras import callbacks

(train_images, train_labels), (test_images, test_labels) = mnist.load_data()
train_images = train_images.reshape((len(train_images), 28 * 28)).astype('float32') / 255
test_images = test_images.reshape((len(test_images), 28 * 28)).astype('float32') / 255
train_labels = to_categorical(train_labels)
test_labels = to_categorical(test_labels)

network = Sequential()
network.add(Dense(512, activation='relu', input_shape=(28 * 28,)))
network.add(Dense(10, activation='softmax'))
network.compile(optimizer='rmsprop', loss='categorical_crossentropy', metrics=['accuracy'])

stopping = callbacks.EarlyStopping(monitor='val_accuracy', patience=10)
history = network.fit(train_images, train_labels, epochs=EPOCHS, batch_size=128,
                      validation_data=(test_images, test_labels), callbacks=[stopping])
test_loss, test_accuracy = network.evaluate(test_images, test_labels)
probabilities = network.predict(test_images[:10])
"""

SIGMOID = """
from keras.datasets import mnist
from keras.utils import to_categorical
from keras.models import Model, Sequential
from keras.layers import Dense
from keras.optimizers import Adam

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train.reshape(-1, 784) / 255
x_test = x_test.reshape(-1, 784) / 255
y_train, y_test = to_categorical(y_train, 10), to_categorical(y_test, 10)
x_train, x_validation = x_train[:TRAIN], x_train[TRAIN:]
y_train, y_validation = y_train[:TRAIN], y_train[TRAIN:]

model = Sequential()
model.add(Dense(100, activation='sigmoid', input_dim=784))
model.add(Dense(10, activation='softmax'))
model.summary()
model.compile(loss='categorical_crossentropy', optimizer=Adam(lr=0.001), metrics=['accuracy'])
history = model.fit(x_train, y_train, batch_size=100, epochs=EPOCHS, verbose=1,
                    validation_data=(x_validation, y_validation))
test_loss, test_accuracy = model.evaluate(x_test, y_test)
probabilities = model.predict(x_test[:10])

hidden = Model(inputs=model.inputs, outputs=model.layers[0].output)
activations = hidden.predict(x_test[:10])
"""

PLANE = """
from keras.models import Model, Sequential
from keras.layers import Dense
from keras.optimizers import Adam

model = Sequential()
model.add(Dense(4, activation='sigmoid', input_shape=(2,)))
model.add(Dense(1, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer=Adam(lr=0.01), metrics=['accuracy'])

losses = []
for k in range(20):
    history = model.fit(x, y, batch_size=100, epochs=50, verbose=0)
    losses += history.history['loss']
loss, accuracy = model.evaluate(x, y, verbose=0)

hidden = Model(model.input, model.layers[0].output)
maps = hidden.predict(grid)
regions = model.predict(grid) > 0.5
"""

CURVE = """
from keras.models import Sequential
from keras.layers import Dense

model = Sequential()
model.add(Dense(4, activation='sigmoid', input_shape=(1,)))
model.add(Dense(1))
model.compile(loss='mse', optimizer='adam')
model.optimizer.learning_rate = 0.05
history = model.fit(x, y, batch_size=50, epochs=400, verbose=0)
learned = model.predict(x)
"""

LENET = """
from keras.datasets import mnist
from keras import optimizers
from keras import models, layers

(x_train, y_train), (x_test, y_test) = mnist.load_data()
x_train = x_train.reshape(-1, 28, 28, 1).astype('float32') / 255
x_test = x_test.reshape(-1, 28, 28, 1).astype('float32') / 255

model = models.Sequential()
model.add(layers.Conv2D(6, (5, 5), padding='same', activation='relu', input_shape=(28, 28, 1)))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Conv2D(16, (5, 5), activation='relu'))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Flatten())
model.add(layers.Dense(120, activation='relu'))
model.add(layers.Dense(84, activation='relu'))
model.add(layers.Dense(10, activation='softmax'))
model.summary()
model.compile(optimizer=optimizers.SGD(learning_rate=0.02, momentum=0.9),
              loss='sparse_categorical_crossentropy', metrics=['accuracy'])
history = model.fit(x_train, y_train, epochs=EPOCHS, batch_size=32,
                    validation_data=(x_test, y_test))
test_loss, test_accuracy = model.evaluate(x_test, y_test)
probabilities = model.predict(x_test[:10])
"""

BOARD = """
from keras.models import Sequential
from keras.layers import Dense
from keras.callbacks import TensorBoard

model = Sequential()
model.add(Dense(100, activation='sigmoid', input_shape=(2,), name='hidden'))
model.add(Dense(1, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(x, y, epochs=3, verbose=0, validation_split=0.25,
          callbacks=[TensorBoard(log_dir=LOGS, histogram_freq=1)])
"""
