from coig_writer.cli import main

if __name__ == "__main__":
    main()
