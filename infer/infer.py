"""The published command line: python infer/infer.py --model_name NAME --input FILE --output FILE --mode zero-shot."""

import sys

from coig_writer.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["infer"]
    main()
