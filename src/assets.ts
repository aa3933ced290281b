/**
 * Files that live inside the executable: the migrations and the console. In development they are read from the source
 * tree; `build.ts` replaces this module's table by the files' contents.
 */
