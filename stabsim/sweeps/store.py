"""Results on disk as they come: a Zarr group for each plan of a sweep, a chunk for each block."""

import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from stabsim._extras import extra
from stabsim.sweeps.program import Block


class Store:
    """A folder that holds one sweep, whole or in part.

    Args:
        path: where it is or shall be.
        axes: the labels of each of the sweep's axes, which a store that is there must have.
    Raises:
        ValueError: if something else is there.
        ModuleNotFoundError: if Zarr is missing.
    """

    def __init__(self, path: str | os.PathLike[str], axes: dict[str, list[Any]]):
        with extra("cluster"):
            import zarr
        self.path = Path(path)
        elsewhere = ValueError(f"store must be a new folder or a sweep's; {path} is neither.")
        foreign = self.path.exists() and not (self.path / "zarr.json").exists()
        if foreign and not (self.path.is_dir() and not any(self.path.iterdir())):
            raise elsewhere
        self.root: Any = zarr.open_group(self.path, mode="a", zarr_format=3)
        here = [[name, [_plain(label) for label in labels]] for name, labels in axes.items()]
        there = self.root.attrs.get("sweep")
        if there is None:
            if len(self.root):
                raise elsewhere
            self.root.attrs["sweep"] = here
        elif there != here:
            raise ValueError(
                f"the store at {path} belongs to another sweep: {_difference(there, here)}. "
                "Give a new folder, or the axes that it was begun with."
            )

    def shelf(
        self,
        index: tuple[int, ...],
        labels: dict[str, Any],
        program: str,
        block_shape: tuple[int, int],
        fields: dict[str, tuple[tuple[str, ...], np.ndarray]],
        coordinates: dict[str, tuple[str, np.ndarray]],
    ) -> "Shelf":
        """What is stored of one plan; made, in blocks of shape ``block_shape``, if it is new."""
        name = "-".join(["runs", *map(str, index)])
        group = self.root.get(name)
        if group is None or "program" not in group.attrs:
            # The attributes come last: what lacks them was cut off while it was being made.
            group = self.root.create_group(name, overwrite=True)
            shape = next(iter(fields.values()))[1].shape[:2]
            for key, (dim, values) in coordinates.items():
                group.create_array(key, data=values, dimension_names=[dim])
            for key, (dims, values) in fields.items():
                group.create_array(
                    key,
                    shape=values.shape,
                    chunks=(*block_shape, *values.shape[2:]),
                    dtype=values.dtype,
                    fill_value=values.flat[0],
                    dimension_names=["setting", "seed", *dims],
                )
            group.create_array(
                "_checksum",
                shape=tuple(-(-n // size) for n, size in zip(shape, block_shape, strict=True)),
                chunks=(1, 1),
                dtype=np.uint32,
                fill_value=0,
                dimension_names=["setting_block", "seed_block"],
            )
            plain = {key: _plain(label) for key, label in labels.items()}
            group.attrs.update(
                {
                    "settings": plain,
                    "coordinates": " ".join(coordinates),  # where xarray looks for them
                    "block": list(block_shape),
                    "program": program,
                }
            )
        elif group.attrs["program"] != program:
            raise ValueError(
                f"the store at {self.path} belongs to another sweep: its axes are the same, but "
                "the experiment computes something else, or was traced by another version of "
                "JAX. Give a new folder."
            )
        return Shelf(group, list(fields))


class Shelf:
    """What is stored of one plan, block by block.

    A block's arrays are written first and their checksum last, so one that was cut off, or
    was damaged since, does not match it and is not there. Zarr writes each chunk under
    another name and renames it.
    """

    def __init__(self, group: Any, names: list[str]):
        import zarr

        self.block_shape: tuple[int, int] = tuple(group.attrs["block"])
        # A chunk of NaNs is written out too: a NaN's sign is not the filling's, but is summed.
        with zarr.config.set({"array.write_empty_chunks": True}):
            self.arrays = {name: group[name] for name in names}
        self.checksum = group["_checksum"]

    def write(self, block: Block, arrays: dict[str, np.ndarray]) -> None:
        """Store a block."""
        for name, array in self.arrays.items():
            array[block] = arrays[name]
        self.checksum[self._number(block)] = _checksum(arrays)

    def read(self, block: Block) -> dict[str, np.ndarray] | None:
        """A block's arrays; None if they are not there, or not whole."""
        try:
            if (expected := int(self.checksum[self._number(block)])) == 0:
                return None
            arrays = {name: np.asarray(array[block]) for name, array in self.arrays.items()}
        except Exception:  # what a damaged chunk raises depends on where it is damaged
            return None
        return arrays if _checksum(arrays) == expected else None

    def _number(self, block: Block) -> tuple[int, ...]:
        return tuple(s.start // size for s, size in zip(block, self.block_shape, strict=True))


def _checksum(arrays: dict[str, np.ndarray]) -> int:
    """CRC-32 of a block's arrays; never 0, which stands for a block not stored."""
    crc = 0
    for name in sorted(arrays):
        crc = zlib.crc32(np.ascontiguousarray(arrays[name]).tobytes(), crc)
    return crc or 1


def _plain(label: Any) -> str | int | float:
    return label if isinstance(label, str | int | float) else repr(label)


def _difference(there: list[Any], here: list[Any]) -> str:
    names, wanted = ([name for name, _ in axes] for axes in (there, here))
    if names != wanted:
        return f"its axes are {names}, not {wanted}"
    old, new = next((a, b) for a, b in zip(there, here, strict=True) if a != b)
    return f"its axis {old[0]} is {old[1]}, not {new[1]}"
