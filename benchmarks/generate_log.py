"""Write Exim main logs: the story bundled under samples/, or any number of lines for a benchmark.

python -m benchmarks.generate_log --story samples
python -m benchmarks.generate_log --lines 1000000 --seed 1 OUT
"""

import argparse
from pathlib import Path

from benchmarks.bulk import write_bulk
from benchmarks.story import write_story


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.generate_log", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="file to write, or with --story the directory")
    parser.add_argument("--story", action="store_true", help="write the bundled story instead of bulk")
    parser.add_argument(
        "--lines", type=int, default=1_000_000, help="lines of the bulk log (default %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed gives another bulk log")
    parser.add_argument("--days", type=float, default=14.0, help="span of the bulk log (default %(default)s)")
    arguments = parser.parse_args()
    if arguments.story:
        write_story(arguments.out)
    else:
        write_bulk(arguments.out, lines=arguments.lines, seed=arguments.seed, days=arguments.days)


if __name__ == "__main__":
    main()
