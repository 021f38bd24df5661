"""The published command line: python eval/eval.py --reference FILE --prediction FILE --save_dir DIR."""

import sys

from coig_writer.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["eval"]
    main()
