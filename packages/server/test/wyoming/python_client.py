"""Talks to a service with Wyoming's own library, and prints what it read as JSON. Arguments: host and port."""

import asyncio
import json
import sys

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.handle import Handled, NotHandled
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong

KITCHEN = {"conversation_id": "01JKITCHEN", "device_id": "kitchen"}

# The events of each connection. The next one is sent when those that get an answer have one.
CONNECTIONS = {
    "describe": [Describe()],
    "a sentence of an intent": [Transcript("turn on the lamp", language="en", context=KITCHEN)],
    "a sentence in another language": [Transcript("Mach das Licht an", language="de", context=KITCHEN)],
    "a sentence that no rule understands": [Transcript("brüh Tee auf ☕", language="de")],
    "an empty sentence": [Transcript("")],
    "several events": [Ping("one"), Describe(), Transcript("hello"), Ping(None), Transcript("turn on the lamp")],
    "audio before a sentence": [
        Transcribe(language="en"),
        AudioStart(16000, 2, 1),
        AudioChunk(16000, 2, 1, bytes(range(256)) * 8),
        AudioStop(),
        Transcript("hello"),
    ],
}
ANSWERED = (Describe, Transcript, Ping)


def read(event):
    """Reads an answer with the class of its type."""
    for kind in (Info, Handled, NotHandled, Error, Pong):
        if kind.is_type(event.type):
            value = kind.from_event(event)
            if kind is Info:
                program = value.handle[0]
                model = program.models[0]
                return {
                    "type": event.type,
                    "name": program.name,
                    "installed": program.installed and model.installed,
                    "attribution": program.attribution.name,
                    "version": program.version,
                    "languages": model.languages,
                    "streams": program.supports_handled_streaming,
                    "others": len(value.asr + value.tts + value.intent + value.wake + value.mic + value.snd),
                }
            return {"type": event.type, **vars(value)}
    return {"type": event.type, "unknown": True}


async def talk(host, port, events):
    answers = []
    async with AsyncTcpClient(host, port) as client:
        for event in events:
            await client.write_event(event.event())
            if isinstance(event, ANSWERED):
                answers.append(read(await client.read_event()))
    return answers


async def main(host, port):
    one_by_one = {name: await talk(host, port, events) for name, events in CONNECTIONS.items()}
    at_once = await asyncio.gather(*(talk(host, port, events) for events in CONNECTIONS.values()))
    assert at_once == list(one_by_one.values()), "connections at the same time got other answers"
    print(json.dumps(one_by_one))


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
