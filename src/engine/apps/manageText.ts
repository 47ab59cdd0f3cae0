import type { Application, Environment } from '../model/application.ts';

/**
 * The text of plumbline.yaml with an application added, and its environment when that is new. Comments and layout stay.
 * @param text present text, or undefined when there is no file
 * @throws AppError `config-broken` when the present text cannot be extended safely
 */
export declare function manageText(text: string | undefined, application: Application, environment: Environment): string;
