import { Controller, type ExecutionContext, UseInterceptors } from '@nestjs/common';
import { type CustomTransportStrategy, MessagePattern, Payload, Server } from '@nestjs/microservices';
import {
  FeatureFlag,
  FlagService,
  FlagshipContextInterceptor,
  FlagshipModule,
  FlagValue,
} from 'nestjs-flagship';
import { isObservable, lastValueFrom } from 'rxjs';
import { subjectProvider } from '../fixtures/subject-provider';
import { useApp } from '../fixtures/use-app';

interface Greeting {
  readonly user: string;
}

/** A transport that hands one and the same context to every message. */
class SharingTransport extends Server implements CustomTransportStrategy {
  private readonly context = {};
  listen(done: () => void): void {
    done();
  }
  close(): void {
    // It has opened nothing.
  }
  override on(): void {
    // It has no events.
  }
  override unwrap(): never {
    throw new Error('There is nothing inside.');
  }
  async deliver(pattern: string, data: Greeting): Promise<unknown> {
    const answer: unknown = await this.getHandlerByPattern(pattern)!(data, this.context);
    return isObservable(answer) ? lastValueFrom(answer) : answer;
  }
}

@Controller()
class GreetingController {
  constructor(private readonly flags: FlagService) {}

  @FeatureFlag('for-ann')
  @MessagePattern('greet')
  async greet(@Payload() _greeting: Greeting, @FlagValue('who', '') parameter: string) {
    return [parameter, await this.flags.getStringValue('who', 'nobody -')];
  }

  @MessagePattern('who')
  who(@Payload() _greeting: Greeting, @FlagValue('who', '') parameter: string) {
    return parameter;
  }
}

/** Under `'middleware'`, which is for HTTP, an application binds the interceptor to its message handlers. */
@UseInterceptors(FlagshipContextInterceptor)
@Controller()
class BoundGreetingController extends GreetingController {}

const apps = useApp();

it.each(['interceptor', 'middleware', 'none'] as const)(
  'each message is evaluated for its own payload although the transport shares one context (%s)',
  async (propagation) => {
    const strategy = new SharingTransport();
    const setup = {
      imports: [
        FlagshipModule.forRoot({
          provider: subjectProvider().provider,
          propagation,
          contextFactory: (execution: ExecutionContext) => ({
            targetingKey: execution.switchToRpc().getData<Greeting>().user,
          }),
        }),
      ],
      controllers: [propagation === 'middleware' ? BoundGreetingController : GreetingController],
    };
    await apps.startMicroservice(setup, { strategy });
    const send = (pattern: string, user: string) => strategy.deliver(pattern, { user });

    const service = propagation === 'none' ? 'nobody -' : 'ann -';
    expect(await send('greet', 'ann')).toEqual(['ann -', service]);
    await expect(send('greet', 'bob')).rejects.toBeDefined();
    const users = ['ann', 'bob', 'cat', 'bob'];
    const answers = await Promise.all(users.map((user) => send('who', user)));
    expect(answers).toEqual(users.map((user) => `${user} -`));
  },
);
