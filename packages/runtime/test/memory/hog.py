# Uses memory: hog.py KIND MEGABYTES SECONDS. Allocates the memory in the given way and holds it for this time.
import ctypes, mmap, os, sys, time

kind, megabytes, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
size = megabytes << 20


def touch(memory, step_mb=0, pause=0.0):
    for at in range(0, size, 4096):
        memory[at] = 1
        if step_mb and at % (step_mb << 20) == 0:
            time.sleep(pause)


def hold():
    time.sleep(seconds)


def filled():
    # Python frees memory as soon as nothing refers to it.
    memory = ctypes.create_string_buffer(size)
    ctypes.memset(memory, 1, size)
    return memory


def anonymous(flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS):
    return mmap.mmap(-1, size, flags)


if kind == "instant":
    held = filled()
elif kind == "calloc":
    libc = ctypes.CDLL(None)
    libc.calloc.restype = ctypes.c_void_p
    memory = libc.calloc(1, size)
    if not memory:
        raise MemoryError
    ctypes.memset(ctypes.c_void_p(memory), 1, size)
elif kind == "populate":
    anonymous(mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x8000)
elif kind == "slow":
    touch(anonymous(), 8, 0.02)
elif kind == "late":
    time.sleep(3)
    held = filled()
elif kind == "shared":
    touch(anonymous(mmap.MAP_SHARED | mmap.MAP_ANONYMOUS))
elif kind == "memfd":
    descriptor = os.memfd_create("hog")
    for _ in range(megabytes):
        os.write(descriptor, b"x" * (1 << 20))
elif kind == "memfd-mapped":
    descriptor = os.memfd_create("hog")
    os.ftruncate(descriptor, size)
    touch(mmap.mmap(descriptor, size))
elif kind == "shm":
    with open(f"/dev/shm/{os.environ['HOG']}", "wb") as file:
        for _ in range(megabytes):
            file.write(b"x" * (1 << 20))
        file.flush()
        hold()
elif kind == "children":
    size //= 12
    for _ in range(12):
        if os.fork() == 0:
            held = filled()
            hold()
            os._exit(0)
    hold()
elif kind == "shared-by-children":
    # Twelve processes share the same pages, which count once.
    memory = ctypes.create_string_buffer(size)
    ctypes.memset(memory, 1, size)
    for _ in range(12):
        if os.fork() == 0:
            time.sleep(1)
            os._exit(0)
    time.sleep(1)
    sys.exit(0)
elif kind == "away":
    if os.fork() > 0:
        time.sleep(2)
        os._exit(0)
    os.setsid()
    if os.fork() > 0:
        os._exit(0)
    held = filled()
hold()
