/** What Nest requires only where the application has installed it. Nest's command leaves the same out of a bundle. */
exports.LAZY_IMPORTS = [
  '@nestjs/microservices',
  '@nestjs/microservices/microservices-module',
  '@nestjs/websockets/socket-module',
  'class-validator',
  'class-transformer',
  'class-transformer/storage',
];
