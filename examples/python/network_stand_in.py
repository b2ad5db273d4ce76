"""Shows your own network in Morphoscope with redis-py alone: telemetry out, commands in, nothing else to install.

Torch is not needed to try it: Layer below makes activations up and says where the hook of a real network goes.
Run it with:  python3 network_stand_in.py redis://127.0.0.1:6379
"""
import json, queue, random, sys, threading, time, uuid
import redis

LAYERS = {"encoder_0": 8, "encoder_1": 4}  # layer -> seeds (chunks of its units)
RUN = f"python-{uuid.uuid4().hex[:8]}"
TICK_S = float(sys.argv[2]) if len(sys.argv) > 2 else 0.5
bus = redis.Redis.from_url(sys.argv[1] if len(sys.argv) > 1 else "redis://127.0.0.1:6379")
commands = queue.Queue()


class Layer:
    """With torch: accumulate per chunk in a forward hook under no_grad, and move to the CPU once per tick."""

    def __init__(self, seeds):
        self.states = [0] * seeds  # 0 is DORMANT; names and numbers are in docs/messages.md

    def measure(self):  # module.register_forward_hook(...): x.view(batch, seeds, units) and its sums
        samples = [[random.gauss(0.5, 1 + seed / 8) for _ in range(64)] for seed in range(len(self.states))]
        means = [sum(x) / 64 for x in samples]
        variance = [sum((v - m) ** 2 for v in x) / 64 for x, m in zip(samples, means)]
        dead = [sum(v <= 0 for v in x) / 64 for x in samples]
        return {str(s): {"lifecycle_state": float(self.states[s]), "chunk_mean": means[s],
                         "chunk_variance": variance[s], "sparsity": dead[s]} for s in range(len(self.states))}


def send(topic, message_type, /, **fields):
    """Training must never wait: what Redis does not take now is dropped, and the page shows the gap."""
    message = {"message_id": str(uuid.uuid4()), "timestamp": time.time(), "source": RUN, "version": "2.0",
               "message_type": message_type, "run_id": RUN, **fields}
    try:
        bus.xadd(topic, {"type": message_type, "data": json.dumps(message)}, maxlen=10_000, approximate=True)
    except redis.exceptions.RedisError as error:
        print("dropped:", error, file=sys.stderr)


def listen():
    """Reads the commands to our layers; an entry is acknowledged only after it was applied."""
    streams = {f"kasmina.control.layer.{layer}": ">" for layer in LAYERS}
    for stream in streams:
        try:
            bus.xgroup_create(stream, "python-layers", id="$", mkstream=True)
        except redis.exceptions.ResponseError:
            pass  # the group is there already
    while True:
        for stream, entries in bus.xreadgroup("python-layers", RUN, streams, block=1000) or []:
            for entry_id, fields in entries:
                commands.put((stream, entry_id, json.loads(fields[b"data"])))


def apply(layers, stream, entry_id, command):
    layer, seed, names = command.get("layer_id"), command.get("seed_id"), ["DORMANT", "GERMINATED", "TRAINING"]
    known = command.get("message_type") == "LifecycleTransitionCommand" and command.get("target_state") in names
    if known:
        layers[layer].states[seed] = names.index(command["target_state"])
    outcome = {"kind": "applied"} if known else {"kind": "rejected", "code": "COMMAND_UNSUPPORTED"}
    send(f"kasmina.ack.layer.{layer}", "CommandOutcome", command_id=command["message_id"], layer_id=layer, seed_id=seed,
         command_type=command["message_type"], text="" if known else "this example can not do that", **outcome)
    bus.xack(stream, "python-layers", entry_id)


layers = {name: Layer(seeds) for name, seeds in LAYERS.items()}
threading.Thread(target=listen, daemon=True).start()
for tick in range(1_000_000):
    started = time.time()
    while not commands.empty():
        apply(layers, *commands.get())
    for name, layer in layers.items():
        send(f"kasmina.telemetry.layer.{name}.health", "LayerHealthReport", layer_id=name, step=tick * 20, tick=tick,
             total_seeds=len(layer.states), active_seeds=sum(0 < s < 7 for s in layer.states),
             health_metrics=layer.measure(), telemetry_window=[started - TICK_S, started])
    time.sleep(TICK_S)
