// Loaded by `--import`: this process and all that it starts leave the processors to others.
import { setPriority, constants } from 'node:os';

setPriority(constants.priority.PRIORITY_LOW);
