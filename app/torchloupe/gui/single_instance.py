"""One program for each person: a second start hands over what it was asked for to the first, and ends.

A local socket that only this user may open; one line of UTF-8 JSON there, one line back. Its name is made of the folder of the settings,
so that another set of settings (a test, another display's) is another program.
"""

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from torchloupe.gui.wish import Wish, wish_of_text

PATIENCE_MS = 2000
"""After so long without an answer the other one is taken to hang, and a window of our own is opened."""
MOST_BYTES = 1 << 20
TAKEN = b"taken\n"


def hand_over(name: str, wish: Wish) -> bool:
    """Give it to the one that runs; False when there is none, or it does not answer."""
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(PATIENCE_MS):
        return False
    socket.write(wish.as_text().encode() + b"\n")
    while not socket.canReadLine():
        if not socket.waitForReadyRead(PATIENCE_MS):
            return False
    taken = bytes(socket.readLine().data()) == TAKEN
    socket.disconnectFromServer()
    return taken


class FirstInstance(QObject):
    """Listens for the others. What a crashed one left behind is taken away."""

    asked = Signal(object)  # Wish

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._connected)
        if not self._server.listen(name):
            QLocalServer.removeServer(name)
            self._server.listen(name)

    @property
    def listens(self) -> bool:
        """Others reach it."""
        return self._server.isListening()

    def close(self) -> None:
        """From now on a start is the first one."""
        self._server.close()

    def _connected(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.readyRead.connect(lambda socket=socket: self._read(socket))
            socket.disconnected.connect(socket.deleteLater)
            QTimer.singleShot(PATIENCE_MS, socket, socket.abort)
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > MOST_BYTES:
                socket.abort()
            return
        try:
            wish = wish_of_text(bytes(socket.readLine().data()).decode())
        except ValueError:
            socket.abort()
            return
        socket.write(TAKEN)
        socket.flush()
        socket.disconnectFromServer()
        self.asked.emit(wish)
